"""Add-ons of the embedded cluster: what kubeadm or an administrator installs on top of the control plane."""
