"""JupyterLab's server as `k8slab lab` wants it; found through ``$JUPYTER_CONFIG_PATH``."""

import os

c = get_config()  # type: ignore[name-defined]  # noqa: F821

# Not a login shell: /etc/profile would take the path to our kubectl away.
c.ServerApp.terminado_settings = {"shell_command": [os.environ.get("SHELL") or "bash"]}
