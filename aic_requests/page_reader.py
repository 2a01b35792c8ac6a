"""Asking for one page of a query."""

from collections.abc import Mapping
from typing import Any

from requests import Response, Session
from requests.exceptions import ChunkedEncodingError

from .errors import AICError
from .page_size import largest_page
from .query_parameters import QueryParameters, headers_without_conditions
from .result_page import ResultPage
from .retries import pause_before
from .update import Clock

#: Readings of one page at most, where its answer breaks on the way. urllib3 repeats those that do not come at all.
_READS = 4


class PageReader:
    """
    Asks for pages, as large as the server allows. Reading is harmless, so what breaks on the way is read again.

    Attributes:
        size: Rows that are asked for; None: the server refuses pages, and gives all rows at once.
    """

    def __init__(
        self,
        session: Session,
        parameters: QueryParameters,
        *,
        size: int,
        options: Mapping[str, Any],
        clock: Clock,
    ) -> None:
        self._session = session
        self._path = parameters.path
        self._always = parameters.always
        self._options: dict[str, Any] = {**options, "headers": headers_without_conditions(options)}
        self._options.pop("params", None)
        self._clock = clock
        self._has_read = False
        self.size: int | None = size

    def read(self, position: Mapping[str, str], *, size: int | None = None) -> tuple[ResultPage, Response]:
        """
        Read a page.

        Args:
            position: The parameters that ask for it.
            size: Rows to ask for this once.

        Raises:
            AICError: The server refused.
            requests.RequestException: No answer, or one that keeps breaking on the way.
        """
        reads = 1
        while True:
            wanted = self.size if size is None else size
            try:
                response = self._ask(position, wanted)
                page = ResultPage.from_body(response.content)
                if reads == _READS or not page.cut:
                    self._has_read = True
                    return page, response
            except ChunkedEncodingError:
                if reads == _READS:
                    raise
            except AICError as error:
                if size is not None or not self._shrinks(error):
                    raise
                continue
            self._clock.sleep(self._clock.draw(pause_before(reads)))
            reads += 1

    def _ask(self, position: Mapping[str, str], size: int | None) -> Response:
        sized = [] if size is None else [("_pageSize", str(size))]
        parameters = [*self._always, *sized, *position.items()]
        response = self._session.request("GET", self._path, params=parameters, **self._options)
        # Whatever raise_for_status says, a query must know.
        if response.status_code >= 300:
            raise AICError.from_response(response)
        return response

    def _shrinks(self, error: AICError) -> bool:
        """
        Whether a refusal asks for smaller pages, or for none; from now on they are as it asks.

        AM's agents answer 501 "Query paging not currently supported" (seen on OpenAM 16).
        """
        if self.size is None:
            return False
        if error.status_code == 501 and not self._has_read:
            self.size = None
            return True
        smaller = largest_page(error.message, self.size) if error.status_code in (400, 413, 422) else None
        self.size = smaller or self.size
        return smaller is not None
