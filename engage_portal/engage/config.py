"""Where Engage is, who we are to it, and how long we wait."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class EngageConfig:
    """One connection: one retailer, one host, one key [developer.voyado.com/docs/api/the-engage-api].

    Times are seconds, `answer_limit` is bytes after decompression.
    """

    base_url: str
    api_key: str = field(repr=False)
    user_agent: str
    connect_timeout: float = 3.0
    read_timeout: float = 30.0
    max_connections: int = 100
    answer_limit: int = 20_000_000

    def __post_init__(self) -> None:
        """Refuse what could only fail later, call by call. No message repeats the key."""
        parts = urlsplit(self.base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("Engage's base URL needs a scheme and a host, such as https://acme.voyado.com")
        if parts.query or parts.fragment or parts.username or parts.password:
            raise ValueError("Engage's base URL takes no credentials and no query")
        for name, value in (("API key", self.api_key), ("User-Agent", self.user_agent)):
            if not value.strip() or not value.isascii() or not value.isprintable():
                raise ValueError(f"The {name} for Engage has to be plain visible ASCII")

    @property
    def overall_timeout(self) -> float:
        """The longest one call may take, however slowly the answer drips: well below a worker's own limit."""
        return self.connect_timeout + 2 * self.read_timeout
