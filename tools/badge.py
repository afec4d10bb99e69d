"""``make badge``: the Markdown of the badge that opens this repository on mybinder.org, on the first lab beside a terminal.

The repository is the one that the clone's ``origin`` names, so that a fork has a badge of its own.
"""

import re
import subprocess
import sys
from urllib.parse import quote

WORKSPACE = "lab/workspaces/k8slab"


def badge(remote: str) -> str:
    """Return the badge for a repository that anybody can clone from this address.

    Examples
    --------
    >>> badge("git@github.com:ada/k8slab.git")
    '[![Open on Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/ada/k8slab/HEAD?urlpath=lab/workspaces/k8slab)'
    >>> badge("https://gitlab.com/ada/labs/k8slab").split("v2/")[1]
    'gl/ada%2Flabs%2Fk8slab/HEAD?urlpath=lab/workspaces/k8slab)'
    >>> badge("https://git.example.org/k8slab.git").split("v2/")[1]
    'git/https%3A%2F%2Fgit.example.org%2Fk8slab.git/HEAD?urlpath=lab/workspaces/k8slab)'
    """
    known = re.fullmatch(r"(?:https://|ssh://git@|git@)(github|gitlab)\.com[:/](.+?)(?:\.git)?/?", remote)
    if known is None:
        path = f"git/{quote(remote, safe='')}"
    else:
        path = f"gh/{known[2]}" if known[1] == "github" else f"gl/{quote(known[2], safe='')}"
    address = f"https://mybinder.org/v2/{path}/HEAD?urlpath={WORKSPACE}"
    return f"[![Open on Binder](https://mybinder.org/badge_logo.svg)]({address})"


if __name__ == "__main__":
    asked = subprocess.run(["git", "remote", "get-url", "origin"], capture_output=True, text=True, check=False)
    if asked.returncode:
        sys.exit('this clone has no remote "origin"; say where the repository is: git remote add origin https://…')
    print(badge(asked.stdout.strip()))
