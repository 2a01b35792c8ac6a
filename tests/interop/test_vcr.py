"""`vcrpy` (it stands in for urllib3's connections) records AICSession's exchanges and plays them back."""

import pytest
import vcr

from aic_requests import AICSession, NotFound

USER = "/openidm/managed/alpha_user/42"


def work(url: str) -> list[object]:
    """A read, the same read again, a write, a read of somebody who is not there: what the caller gets of them."""
    with AICSession(url) as session:
        first, second = session.get(USER), session.get(USER)
        written = session.put(USER, json={"userName": "grace"})
        with pytest.raises(NotFound) as caught:
            session.get("/openidm/managed/alpha_user/43")

    return [first.json(), second.json(), second.from_cache, written.json(), caught.value.message]


def test_record_and_replay(crest, crest_url, tmp_path):
    """A cassette that was recorded against a server gives the same results when the server is gone."""
    cassette = tmp_path / "cassette.yaml"
    with vcr.use_cassette(cassette, record_mode="once") as recording:
        recorded = work(crest_url)
    crest.shutdown()
    crest.server_close()

    with vcr.use_cassette(cassette, record_mode="none") as replay:
        replayed = work(crest_url)

    assert [response["status"]["code"] for response in recording.responses] == [200, 304, 200, 404]
    assert replay.all_played
    assert replayed == recorded == [*recorded[:2], True, {"userName": "grace", "_rev": "8"}, "Object not found"]
