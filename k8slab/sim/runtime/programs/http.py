"""wget and curl over the simulated network, with their own words for each way it can fail."""

from dataclasses import replace

from k8slab.sim.network.errors import ConnectError, NameserverTimeout, TimedOut, UnknownHost, Unreachable
from k8slab.sim.network.http import PHRASES, Response, parse_url
from k8slab.sim.network.namespace import NetNamespace
from k8slab.sim.network.tls import NameMismatch, PlainText, Trust, UnknownAuthority
from k8slab.sim.runtime.filesystem import FileError
from k8slab.sim.runtime.process import BadUsage, Process, Program
from k8slab.sim.runtime.programs.basic import unescape
from k8slab.sim.runtime.programs.options import Options, parse_options

__all__ = ["COMMANDS"]

_MAX_REDIRECTS = 10


def _headers_of(args: list[str], names: tuple[str, ...]) -> dict[str, str]:
    """Return the headers given with repeated options."""
    found = {}
    for word, following in zip(args, [*args[1:], ""], strict=True):
        text = following if word in names else next((word[len(n) + 1 :] for n in names if word.startswith(f"{n}=")), "")
        name, colon, value = text.partition(":")
        if colon:
            found[name.strip()] = value.strip()
    return found


# --- wget ---


async def wget(p: Process) -> int:
    """Fetch with BusyBox wget: -q -O FILE -S -T SEC --spider --header --post-data."""
    long = ("spider", "header=", "post-data=", "quiet", "timeout=", "output-document=", "no-check-certificate", "tries=")
    options, urls = parse_options(p.args, "qO:ST:t:U:c", long)
    if len(urls) != 1:
        raise BadUsage("missing URL")
    url = parse_url(urls[0])
    quiet, spider = "q" in options or "quiet" in options, "spider" in options
    timeout = float(options.get("T") or options.get("timeout") or 900)
    method = "POST" if "post-data" in options else "GET"
    headers = {"User-Agent": "Wget", **_headers_of(p.args, ("--header",))}
    network = p.container.network
    try:
        if not quiet:
            ip = await network.resolve(p.container.config.network, url.host)
            p.err(f"Connecting to {url.host} ({ip}:{url.port})")
        if url.scheme == "https" and "no-check-certificate" not in options:
            p.err("wget: note: TLS certificate validation not implemented")
        body, trust = options.get("post-data", "").encode(), Trust(verify=False)
        response = await network.http(p.container.config.network, method, url, headers, body, timeout, trust)
    except PlainText:
        return p.fail("error getting response: Connection reset by peer")
    except ConnectError as error:
        return p.fail(_wget_error(error))
    if "S" in options:
        p.err("  " + response.head().strip().replace("\r\n", "\n  "))
    if response.status >= 400:
        return p.fail(f"server returned error: HTTP/1.1 {response.status} {PHRASES.get(response.status, '')}")
    if spider:
        return 0 if quiet else p.fail("remote file exists", 0)
    return _save(p, options, url.path, response, quiet)


def _save(p: Process, options: Options, path: str, response: Response, quiet: bool) -> int:
    target = options.get("O") or options.get("output-document") or path.rpartition("/")[2] or "index.html"
    if target == "-":
        p.stdout(response.body)
        if not quiet:
            p.err("writing to stdout\n-                    100% |********************************|")
        return 0
    try:
        p.files.write(p.path(target), response.body)
    except FileError as error:
        return p.fail(f"can't open '{target}': {error}")
    if not quiet:
        p.err(f"saving to '{target}'\n'{target}' saved")
    return 0


def _wget_error(error: ConnectError) -> str:
    if isinstance(error, UnknownHost):
        return f"bad address '{error.host}'"
    if isinstance(error, TimedOut):
        return "download timed out"
    return f"can't connect to remote host ({error.ip}): {error.text}"


# --- curl ---

_CURL_LONG = (
    "silent", "show-error", "fail", "include", "output=", "write-out=", "max-time=", "request=", "data=", "data-raw=", "header=",
    "insecure", "cacert=", "connect-timeout=", "location", "head", "verbose", "user-agent=", "http1.1", "resolve=",
)  # fmt: skip
_CURL_SHORT = "sSfio:w:m:X:d:H:kLIvA:"
_CURL_NAMES = {
    "silent": "s", "show-error": "S", "fail": "f", "include": "i", "output": "o", "write-out": "w", "max-time": "m",
    "request": "X", "data": "d", "data-raw": "d", "insecure": "k", "location": "L", "head": "I", "verbose": "v",
    "user-agent": "A",
}  # fmt: skip


async def curl(p: Process) -> int:
    """Fetch with curl: -s -S -f -i -I -o -w -m -X -d -H -k -L -v --cacert --connect-timeout --resolve."""
    given, urls = parse_options(p.args, _CURL_SHORT, _CURL_LONG)
    options = Options((_CURL_NAMES.get(k, k), v) for k, v in given.items())
    if not urls:
        p.err("curl: (2) no URL specified")
        return 2
    status = 0
    for url in urls:
        status = await _fetch(p, options, url)
    return status


async def _fetch(p: Process, options: Options, text: str) -> int:
    began = p.kernel.now()
    if "cacert" in options and not p.files.exists(p.path(options["cacert"])):
        return _curl_failed(p, options, 77, f"error setting certificate verify locations: CAfile: {options['cacert']}", began)
    try:
        response, url = await _follow(p, options, text)
    except ConnectError as error:
        code, message = _curl_error(error, began, p.kernel.now(), options)
        return _curl_failed(p, options, code, message, began)
    if "f" in options and response.status >= 400:
        return _curl_failed(p, options, 22, f"The requested URL returned error: {response.status}", began, response)
    shown = (response.head().encode() if options.keys() & {"i", "I"} else b"") + (b"" if "I" in options else response.body)
    if "o" not in options:
        p.stdout(shown)
    elif options["o"] != "/dev/null":
        p.files.write(p.path(options["o"]), shown)
    _write_out(p, options, response, began, url)
    return 0


async def _follow(p: Process, options: Options, text: str) -> tuple[Response, str]:
    """Send the request, following redirects with -L."""
    data = options.get("d")
    body = p.files.read(p.path(data[1:])) if data and data.startswith("@") else (data or "").encode()
    method = options.get("X") or ("HEAD" if "I" in options else "POST" if "d" in options else "GET")
    headers = {"User-Agent": options.get("A") or "curl/8.17.0", "Accept": "*/*", **_headers_of(p.args, ("-H", "--header"))}
    if "d" in options and "content-type" not in {k.lower() for k in headers}:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    limits = [float(options[k]) for k in ("m", "connect-timeout") if k in options]
    for _ in range(_MAX_REDIRECTS):
        url = parse_url(text)
        source = _resolving(p, options)
        if "v" in options:
            p.err(f"* Trying {url.host}:{url.port}...\n> {method} {url.path} HTTP/1.1\n> Host: {url.host}")
        timeout = min(limits, default=300.0)
        response = await p.container.network.http(source, method, url, headers, body, timeout, _trust(p, options))
        if "v" in options:
            p.err("< " + response.head().strip().replace("\r\n", "\n< "))
        if "L" not in options or response.status not in (301, 302, 307, 308):
            break
        text = response.headers.get("Location", text)
    return response, text


def _resolving(p: Process, options: Options) -> NetNamespace:
    """Return the network as it is with ``--resolve HOST:PORT:ADDRESS``."""
    own, parts = p.container.config.network, options.get("resolve", "").split(":")
    return replace(own, hosts={**own.hosts, parts[0]: parts[2]}) if len(parts) == 3 else own


def _trust(p: Process, options: Options) -> Trust:
    file = options.get("cacert")
    return Trust("k" not in options, p.files.read(p.path(file)).decode("latin-1") if file else "")


def _curl_error(error: ConnectError, began: float, now: float, options: Options) -> tuple[int, str]:
    spent = int((now - began) * 1000)
    if isinstance(error, NameserverTimeout):
        return (
            (28, f"Resolving timed out after {spent} milliseconds")
            if "m" in options
            else (6, f"Could not resolve host: {error.host}")
        )
    if isinstance(error, UnknownHost):
        return 6, f"Could not resolve host: {error.host}"
    if isinstance(error, PlainText):
        return 35, "TLS connect error: error:0A0000C6:SSL routines::packet length too long"
    if isinstance(error, UnknownAuthority):
        return 60, "SSL certificate problem: unable to get local issuer certificate"
    if isinstance(error, NameMismatch):
        return 60, f"SSL: no alternative certificate subject name matches target host name '{error.host}'"
    if isinstance(error, TimedOut):
        if error.phase == "response":
            return 28, f"Operation timed out after {spent} milliseconds with 0 bytes received"
        return 28, f"Connection timed out after {spent} milliseconds" if spent < 120_000 else (
            f"Failed to connect to {error.host} port {error.port} after {spent} ms: Could not connect to server"
        )
    reason = "No route to host" if isinstance(error, Unreachable) else "Could not connect to server"
    return 7, f"Failed to connect to {error.host} port {error.port} after {spent} ms: {reason}"


def _curl_failed(p: Process, options: Options, code: int, message: str, began: float, response: Response | None = None) -> int:
    if "s" not in options or "S" in options:
        p.err(f"curl: ({code}) {message}")
    _write_out(p, options, response or Response(0), began, "")
    return code


def _write_out(p: Process, options: Options, response: Response, began: float, url: str) -> None:
    if "w" not in options:
        return
    text = options["w"]
    values = {
        "http_code": f"{response.status:03d}",
        "response_code": f"{response.status:03d}",
        "time_total": f"{p.kernel.now() - began:.6f}",
        "size_download": str(len(response.body)),
        "url_effective": url,
    }
    for name, value in values.items():
        text = text.replace("%{" + name + "}", value)
    p.out(unescape(text))


COMMANDS: dict[str, Program] = {"wget": wget, "curl": curl}
