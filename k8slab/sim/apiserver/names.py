"""The formats of names, labels, ports and addresses, each as a function from a string to upstream's complaints about it.

Upstream: k8s.io/apimachinery/pkg/util/validation, pkg/api/validate/content and pkg/api/validation (names per kind). The same
few strings are checked again and again, so every function is cached; a valid string gives the empty tuple.
"""

import re
from collections.abc import Callable
from functools import lru_cache

__all__ = ["NameRule", "cidr", "config_map_key", "dns1035_label", "dns1123_label", "dns1123_subdomain", "dns1123_wildcard",
           "domain_prefixed_path", "environment_name", "http_header_name", "ip_address", "label_key", "label_value",
           "masked_prefix", "path_segment", "percent", "port_name", "port_number", "range_message"]  # fmt: skip

NameRule = Callable[[str], tuple[str, ...]]

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_WILDCARD = rf"\*\.{_SUBDOMAIN}"
_DNS1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = f"({_KEY})?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_HEADER = "[-A-Za-z0-9]+"
_HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"

_label = re.compile(_LABEL).fullmatch
_subdomain = re.compile(_SUBDOMAIN).fullmatch
_wildcard = re.compile(_WILDCARD).fullmatch
_dns1035 = re.compile(_DNS1035).fullmatch
_key = re.compile(_KEY).fullmatch
_config_key = re.compile(_CONFIG_KEY).fullmatch
_header = re.compile(_HEADER).fullmatch
_http_path = re.compile(_HTTP_PATH).fullmatch
_port_charset = re.compile("[-a-z0-9]+").fullmatch
_percent = re.compile("[0-9]+%").fullmatch

_ALPHANUMERIC_ENDS = "and must start and end with an alphanumeric character"
_LABEL_TEXT = f"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', {_ALPHANUMERIC_ENDS}"
_SUBDOMAIN_TEXT = (
    f"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', {_ALPHANUMERIC_ENDS}"
)
_WILDCARD_TEXT = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case "
    "alphanumeric characters, '-' or '.' and end with an alphanumeric character"
)
_DNS1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end "
    "with an alphanumeric character"
)
_KEY_TEXT = f"must consist of alphanumeric characters, '-', '_' or '.', {_ALPHANUMERIC_ENDS}"
_VALUE_TEXT = (
    f"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', {_ALPHANUMERIC_ENDS}"
)


def _too_long(limit: int) -> str:
    return f"must be no more than {limit} bytes"


def _regex_message(text: str, pattern: str, *examples: str) -> str:
    shown = " or ".join(f"'{one}', " for one in examples)
    return f"{text} (e.g. {shown}regex used for validation is '{pattern}')"


def range_message(low: int, high: int) -> str:
    """Return the complaint about a number outside a range."""
    return f"must be between {low} and {high}, inclusive"


@lru_cache(maxsize=4096)
def dns1123_label(text: str) -> tuple[str, ...]:
    """RFC 1123 label: names of namespaces, containers, volumes.

    >>> dns1123_label("web-1"), dns1123_label("has.dot")
    ((), ('must not contain dots',))
    """
    problems = (_too_long(63),) if len(text) > 63 else ()
    if _label(text):
        return problems
    if _subdomain(text):
        return (*problems, "must not contain dots")
    return (*problems, _regex_message(_LABEL_TEXT, _LABEL, "my-name", "123-abc"))


@lru_cache(maxsize=16384)
def dns1123_subdomain(text: str) -> tuple[str, ...]:
    """RFC 1123 subdomain: names of most objects."""
    problems = (_too_long(253),) if len(text) > 253 else ()
    return problems if _subdomain(text) else (*problems, _regex_message(_SUBDOMAIN_TEXT, _SUBDOMAIN, "example.com"))


@lru_cache(maxsize=1024)
def dns1123_wildcard(text: str) -> tuple[str, ...]:
    """``*.example.com`` of an Ingress host."""
    problems = (_too_long(253),) if len(text) > 253 else ()
    return problems if _wildcard(text) else (*problems, _regex_message(_WILDCARD_TEXT, _WILDCARD, "*.example.com"))


@lru_cache(maxsize=4096)
def dns1035_label(text: str) -> tuple[str, ...]:
    """RFC 1035 label: names of Services."""
    problems = (_too_long(63),) if len(text) > 63 else ()
    return problems if _dns1035(text) else (*problems, _regex_message(_DNS1035_TEXT, _DNS1035, "my-name", "abc-123"))


@lru_cache(maxsize=4096)
def path_segment(text: str) -> tuple[str, ...]:
    """Anything that fits between two slashes of a URL: names of RBAC objects."""
    if text in (".", ".."):
        return (f"may not be '{text}'",)
    return tuple(f"may not contain '{bad}'" for bad in "/%" if bad in text)


def masked_prefix(prefix: str) -> str:
    """Return a generateName as a name to check: the trailing dash will be followed by something."""
    return f"{prefix[:-1]}a" if len(prefix) > 1 and prefix.endswith("-") else prefix


@lru_cache(maxsize=8192)
def label_key(text: str) -> tuple[str, ...]:
    """Key of a label, an annotation, a taint; upstream calls the same format a qualified name.

    >>> label_key("app.kubernetes.io/name"), label_key("/name")
    ((), ('prefix part must be non-empty',))
    """
    prefix, slash, name = text.rpartition("/")
    problems: tuple[str, ...] = ()
    if slash:
        if "/" in prefix:
            return (
                f"a valid label key {_regex_message(_KEY_TEXT, _KEY, 'MyName', 'my.name', '123-abc')} with an optional DNS "
                "subdomain prefix and '/' (e.g. 'example.com/MyName')",
            )
        if not prefix:
            problems = ("prefix part must be non-empty",)
        else:
            problems = tuple(f"prefix part {message}" for message in dns1123_subdomain(prefix))
    if not name:
        problems = (*problems, "name part must be non-empty")
    elif len(name) > 63:
        problems = (*problems, f"name part {_too_long(63)}")
    if not _key(name):
        problems = (*problems, f"name part {_regex_message(_KEY_TEXT, _KEY, 'MyName', 'my.name', '123-abc')}")
    return problems


@lru_cache(maxsize=16384)
def label_value(text: str) -> tuple[str, ...]:
    """Value of a label."""
    problems = (_too_long(63),) if len(text) > 63 else ()
    if not text or _key(text):
        return problems
    return (*problems, _regex_message(_VALUE_TEXT, _VALUE, "MyValue", "my_value", "12345"))


@lru_cache(maxsize=1024)
def config_map_key(text: str) -> tuple[str, ...]:
    """Key of a ConfigMap or Secret."""
    problems = [_too_long(253)] if len(text) > 253 else []
    if not _config_key(text):
        message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        problems.append(_regex_message(message, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    if text in (".", ".."):
        problems.append(f"must not be '{text}'")
    elif text.startswith(".."):
        problems.append("must not start with '..'")
    return tuple(problems)


@lru_cache(maxsize=1024)
def environment_name(text: str) -> tuple[str, ...]:
    """Name of an environment variable: any printable ASCII but "=" since 1.30."""
    if all(" " <= character <= "~" and character != "=" for character in text):
        return ()
    return ("a valid environment variable name must consist only of printable ASCII characters other than '='",)


@lru_cache(maxsize=1024)
def port_name(text: str) -> tuple[str, ...]:
    """IANA service name: names of container ports."""
    problems = [_too_long(15)] if len(text) > 15 else []
    if not _port_charset(text):
        problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not any("a" <= character <= "z" for character in text):
        problems.append("must contain at least one letter (a-z)")
    if "--" in text:
        problems.append("must not contain consecutive hyphens")
    if text.startswith("-") or text.endswith("-"):
        problems.append("must not begin or end with a hyphen")
    return tuple(problems)


_PORT_RANGE = (range_message(1, 65535),)


def port_number(number: int) -> tuple[str, ...]:
    """A port that can be listened on."""
    return () if 1 <= number <= 65535 else _PORT_RANGE


def percent(text: str) -> tuple[str, ...]:
    """``25%``."""
    if _percent(text):
        return ()
    message = "a valid percent string must be a numeric string followed by an ending '%'"
    return (_regex_message(message, "[0-9]+%", "1%", "93%"),)


def http_header_name(text: str) -> tuple[str, ...]:
    """Name of a header that a probe sends."""
    if _header(text):
        return ()
    return (_regex_message("a valid HTTP header must consist of alphanumeric characters or '-'", _HEADER, "X-Header-Name"),)


@lru_cache(maxsize=8192)
def ip_address(text: str) -> tuple[str, ...]:
    """An IPv4 or IPv6 address."""
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return ("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",)
    return ()


@lru_cache(maxsize=4096)
def cidr(text: str) -> tuple[str, ...]:
    """An address range; host bits may be set, as in Go."""
    import ipaddress

    try:
        if "/" not in text or not text.rpartition("/")[2].isdigit():
            raise ValueError(text)
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return ("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",)
    return ()


def domain_prefixed_path(text: str) -> tuple[str, ...]:
    """``acme.io/foo``: the controller of an IngressClass."""
    host, slash, path = text.partition("/")
    if not (slash and host and path):
        return ('must be a domain-prefixed path (such as "acme.io/foo")',)
    problems = dns1123_subdomain(host)
    if _http_path(path):
        return problems
    return (*problems, f"Invalid path (regex used for validation is '{_HTTP_PATH}')")
