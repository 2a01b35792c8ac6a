"""The probe: what only a tenant can tell, asked of one."""
