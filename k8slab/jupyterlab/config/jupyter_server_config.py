"""JupyterLab's server as `k8slab lab` wants it; found through ``$JUPYTER_CONFIG_PATH``."""

import os
from pathlib import Path

c = get_config()  # type: ignore[name-defined]  # noqa: F821

# Not a login shell: /etc/profile would take the path to our kubectl away.
c.ServerApp.terminado_settings = {"shell_command": [os.environ.get("SHELL") or "bash"]}

# JupyterLab's part from where this file is, not as it was when the package was installed.
c.LabApp.extra_labextensions_path = [str(Path(__file__).parent.parent / "labextensions")]
