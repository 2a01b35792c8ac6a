import static org.forgerock.json.resource.Responses.newActionResponse;
import static org.forgerock.json.resource.Responses.newQueryResponse;
import static org.forgerock.json.resource.Responses.newResourceResponse;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;

import org.forgerock.json.JsonValue;
import org.forgerock.json.resource.ActionRequest;
import org.forgerock.json.resource.ActionResponse;
import org.forgerock.json.resource.BadRequestException;
import org.forgerock.json.resource.CollectionResourceProvider;
import org.forgerock.json.resource.CreateRequest;
import org.forgerock.json.resource.DeleteRequest;
import org.forgerock.json.resource.NotFoundException;
import org.forgerock.json.resource.NotSupportedException;
import org.forgerock.json.resource.PatchOperation;
import org.forgerock.json.resource.PatchRequest;
import org.forgerock.json.resource.PreconditionFailedException;
import org.forgerock.json.resource.QueryRequest;
import org.forgerock.json.resource.QueryResourceHandler;
import org.forgerock.json.resource.QueryResponse;
import org.forgerock.json.resource.ReadRequest;
import org.forgerock.json.resource.ResourceException;
import org.forgerock.json.resource.ResourceResponse;
import org.forgerock.json.resource.UpdateRequest;
import org.forgerock.services.context.Context;
import org.forgerock.util.promise.Promise;
import org.forgerock.util.promise.Promises;

/**
 * A collection with other revisions than MemoryBackend's numbers. Lists all, in the order of creation; knows the patch
 * operations add and replace (of a whole field) and remove.
 */
class RevisionedCollection implements CollectionResourceProvider {
    private final Revisions revisions;
    private final String node = UUID.randomUUID().toString();
    private final Map<String, Stored> resources = new LinkedHashMap<>();
    private long created;
    private long written;

    RevisionedCollection(final Revisions revisions) {
        this.revisions = revisions;
    }

    private record Stored(String revision, JsonValue content) {
    }

    @Override
    public Promise<ResourceResponse, ResourceException> createInstance(
            final Context context, final CreateRequest request) {
        return alone(() -> {
            String id = request.getNewResourceId();
            while (id == null || (request.getNewResourceId() == null && resources.containsKey(id))) {
                id = String.valueOf(created++);
            }
            if (resources.containsKey(id)) {
                throw new PreconditionFailedException("The resource exists already");
            }
            return store(id, request.getContent());
        });
    }

    @Override
    public Promise<ResourceResponse, ResourceException> readInstance(
            final Context context, final String id, final ReadRequest request) {
        return alone(() -> shown(id, found(id, null)));
    }

    @Override
    public Promise<ResourceResponse, ResourceException> updateInstance(
            final Context context, final String id, final UpdateRequest request) {
        return alone(() -> {
            found(id, request.getRevision());
            return store(id, request.getContent());
        });
    }

    @Override
    public Promise<ResourceResponse, ResourceException> deleteInstance(
            final Context context, final String id, final DeleteRequest request) {
        return alone(() -> {
            final ResourceResponse last = shown(id, found(id, request.getRevision()));
            resources.remove(id);
            return last;
        });
    }

    @Override
    public Promise<ResourceResponse, ResourceException> patchInstance(
            final Context context, final String id, final PatchRequest request) {
        return alone(() -> {
            final JsonValue content = found(id, request.getRevision()).content().copy();
            for (final PatchOperation operation : request.getPatchOperations()) {
                if (operation.isAdd() || operation.isReplace()) {
                    content.putPermissive(operation.getField(), operation.getValue().getObject());
                } else if (operation.isRemove()) {
                    content.remove(operation.getField());
                } else {
                    throw new BadRequestException("Unsupported patch operation");
                }
            }
            return store(id, content);
        });
    }

    @Override
    public Promise<QueryResponse, ResourceException> queryCollection(
            final Context context, final QueryRequest request, final QueryResourceHandler handler) {
        return alone(() -> {
            if (request.getQueryFilter() == null) {
                throw new NotSupportedException("Only _queryFilter is known here");
            }
            resources.forEach((id, stored) -> handler.handleResource(shown(id, stored)));
            return newQueryResponse();
        });
    }

    @Override
    public Promise<ActionResponse, ResourceException> actionCollection(
            final Context context, final ActionRequest request) {
        return alone(() -> {
            if (!"clear".equals(request.getAction())) {
                throw new NotSupportedException("Unrecognized action ID");
            }
            final JsonValue result = new JsonValue(new LinkedHashMap<>());
            result.put("cleared", resources.size());
            resources.clear();
            return newActionResponse(result);
        });
    }

    @Override
    public Promise<ActionResponse, ResourceException> actionInstance(
            final Context context, final String id, final ActionRequest request) {
        return new NotSupportedException("No actions on a resource").asPromise();
    }

    /** One at a time: what is looked at does not change before it is written. */
    private <T> Promise<T, ResourceException> alone(final Callable<T> work) {
        synchronized (resources) {
            try {
                return Promises.newResultPromise(work.call());
            } catch (final ResourceException refusal) {
                return refusal.asPromise();
            } catch (final Exception failure) {
                throw new IllegalStateException(failure);
            }
        }
    }

    private Stored found(final String id, final String wanted) throws ResourceException {
        final Stored stored = resources.get(id);
        if (stored == null) {
            throw new NotFoundException("The resource does not exist");
        }
        if (wanted != null && stored.revision() != null && !wanted.equals(stored.revision())) {
            throw new PreconditionFailedException("The resource is not at that revision");
        }
        return stored;
    }

    private ResourceResponse store(final String id, final JsonValue given) {
        final JsonValue content = given.copy();
        content.remove("_id");
        content.remove("_rev");
        final Stored stored = new Stored(
                revisions == Revisions.ABSENT ? null : node + "-" + ++written, content);
        resources.put(id, stored);
        return shown(id, stored);
    }

    private ResourceResponse shown(final String id, final Stored stored) {
        final JsonValue content = stored.content().copy();
        content.put("_id", id);
        if (stored.revision() != null) {
            content.put("_rev", stored.revision());
        }
        return newResourceResponse(id, revisions == Revisions.STRING ? stored.revision() : null, content);
    }
}
