import jakarta.servlet.http.HttpServletRequest;

import org.forgerock.json.JsonValue;
import org.forgerock.json.resource.ReadRequest;
import org.forgerock.json.resource.ResourceException;
import org.forgerock.json.resource.ResourceResponse;
import org.forgerock.json.resource.Responses;
import org.forgerock.services.context.AttributesContext;
import org.forgerock.services.context.Context;
import org.forgerock.util.promise.Promise;

/** Shows each caller another body under the same revision: the field "you" is what stood in Authorization. */
final class PersonalCollection extends RevisionedCollection {
    PersonalCollection() {
        super(Revisions.STRING);
    }

    @Override
    public Promise<ResourceResponse, ResourceException> readInstance(
            final Context context, final String id, final ReadRequest request) {
        final HttpServletRequest asked = (HttpServletRequest) context.asContext(AttributesContext.class)
                .getAttributes().get(HttpServletRequest.class.getName());
        return super.readInstance(context, id, request).then(resource -> {
            final JsonValue content = resource.getContent().copy();
            content.put("you", asked.getHeader("Authorization"));
            return Responses.newResourceResponse(resource.getId(), resource.getRevision(), content);
        });
    }
}
