/** What a collection's revisions are. */
enum Revisions {
    /** Opaque texts, such as AIC's IDM has. */
    STRING("strings"),
    /** None at all, such as IDM's configuration has. */
    ABSENT("absent"),
    /** In the body alone: the answer has no ETag, and If-Match is compared with it all the same. */
    BODY_ONLY("inside");

    /** Where it is served. */
    final String collection;

    Revisions(final String collection) {
        this.collection = collection;
    }
}
