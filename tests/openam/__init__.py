"""
The session against a real OpenAM: ``tox -e openam``.

Maven fetches OpenAM and Tomcat once (350 MB, into ``.build/openam``); each run configures a server of its own, tests it
and throws it away. Not part of a plain ``pytest``: 2 minutes, 1 GB of memory. Each test states a rule of OpenAM's that
the library relies on, or what the library makes of it. Hosted AIC may differ: see what a test says of the open code.
"""
