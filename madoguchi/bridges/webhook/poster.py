"""Posting to an address that somebody outside has named, without becoming their way into our network (SSRF).

The name is looked up once, every address it has is judged, and the connection goes to the very address that was judged:
a name that leads elsewhere a moment later (DNS rebinding) changes nothing. No redirect is followed, no proxy of the
environment is asked, nothing of the answer is kept but its status.
"""

import socket
import threading
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from madoguchi.people.ports import NotPosted

#: Seconds for each of connecting, sending and the first byte of the answer.
_SECONDS: Final = 5.0
#: Seconds for all of it.
_WHOLE: Final = 15.0

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class HttpsPoster:
    """See :class:`madoguchi.people.ports.Poster`. ``networks`` may be reached beside public addresses."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks: list[Network] = [ip_network(one) for one in networks]

    def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> int:
        """Post once. Raises NotPosted: dns, address (where it must not go), tls, timeout, connection."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = self._judged(host, port, parts.scheme)
        literal = f"[{address}]" if address.version == 6 else str(address)
        pinned = parts._replace(netloc=f"{literal}:{port}").geturl()
        sent = {
            **headers,
            "Host": parts.netloc,
            "Content-Type": "application/json",
            "User-Agent": "madoguchi-webhook/1",
        }
        client = httpx.Client(timeout=_SECONDS, follow_redirects=False, trust_env=False)
        ended = threading.Timer(_WHOLE, client.close)  # who answers byte by byte does not hold a worker
        ended.start()
        try:
            with client.stream(
                "POST", pinned, content=content, headers=sent, extensions={"sni_hostname": host}
            ) as answer:
                return answer.status_code
        except httpx.TimeoutException:
            raise NotPosted("timeout") from None
        except httpx.ConnectError as trouble:
            raise NotPosted("tls" if "certificate" in str(trouble).lower() else "connection") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, RuntimeError):
            raise NotPosted("connection") from None
        finally:
            ended.cancel()
            client.close()

    def _judged(self, host: str, port: int, scheme: str) -> Address:
        """The address to connect to: the first of the name's, if all of them may be reached."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise NotPosted("dns") from None
        addresses = [_plain(ip_address(str(one[4][0]).partition("%")[0])) for one in found]
        if not addresses or not all(self._may(one, scheme) for one in addresses):
            raise NotPosted("address")
        return addresses[0]

    def _may(self, address: Address, scheme: str) -> bool:
        allowed = any(address in network for network in self._networks)
        if scheme != "https":
            return allowed and address.is_loopback
        return allowed or (address.is_global and not address.is_multicast)


def _plain(address: Address) -> Address:
    """An IPv4 address that is written as IPv6 is judged as what it is."""
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address.sixtofour or address
    return address


def open_poster() -> HttpsPoster:
    """The poster of this node."""
    return HttpsPoster(settings.WEBHOOK_NETWORKS)
