// Colours of the notebook's theme, so that a canvas looks at home in a light and in a dark JupyterLab.

export function isDark() {
  const light = document.body.dataset.jpThemeLight;
  if (light !== undefined) return light === "false";
  if (document.body.classList.contains("vscode-dark")) return true;
  return window.matchMedia?.("(prefers-color-scheme: dark)").matches ?? false;
}

export function colours(element) {
  const style = getComputedStyle(element);
  const value = (name, light, dark) => style.getPropertyValue(name).trim() || (isDark() ? dark : light);
  return {
    dark: isDark(),
    ink: value("--jp-ui-font-color0", "#1f2328", "#f0f3f6"),
    soft: isDark() ? "#b6bec7" : "#57606a",
    paper: value("--jp-layout-color0", "#ffffff", "#111111"),
    card: isDark() ? "#20262c" : "#f3f5f7",
    line: isDark() ? "#6b7681" : "#9aa4ae",
    focus: isDark() ? "#ffffff" : "#000000",
  };
}

export function onThemeChange(listener) {
  const observer = new MutationObserver(listener);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
  return () => observer.disconnect();
}
