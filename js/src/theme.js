// Colours of the notebook's theme, so that a canvas looks at home in a light and in a dark JupyterLab.

export function isDark() {
  const light = document.body.dataset.jpThemeLight;
  if (light !== undefined) return light === "false";
  if (document.body.classList.contains("vscode-dark")) return true;
  return window.matchMedia?.("(prefers-color-scheme: dark)").matches ?? false;
}

export function colours(element) {
  const style = getComputedStyle(element);
  const dark = isDark();
  const value = (name, light, other) => style.getPropertyValue(name).trim() || (dark ? other : light);
  const [blue, red, orange, green] = dark ? ["#56b4e9", "#ff8533", "#e69f00", "#1fc195"] : ["#0072b2", "#c24e00", "#b37a00", "#00805d"];
  return {
    dark,
    ink: value("--jp-ui-font-color0", "#1f2328", "#f0f3f6"),
    soft: dark ? "#b6bec7" : "#57606a",
    paper: value("--jp-layout-color0", "#ffffff", "#111111"),
    card: dark ? "#1e242a" : "#f6f8fa",
    tile: dark ? "#22282f" : "#edf0f3",
    wash: dark ? "#171b20" : "#fbfcfd",
    edge: dark ? "#3a444e" : "#d3d9df",
    line: dark ? "#6b7681" : "#9aa4ae",
    focus: dark ? "#ffffff" : "#000000",
    lit: blue,
    tones: { cause: red, down: red, lost: orange, path: blue, spare: orange },
    links: { lit: blue, path: blue, seen: green, bad: red, off: orange },
  };
}

export function onThemeChange(listener) {
  const observer = new MutationObserver(listener);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
  return () => observer.disconnect();
}
