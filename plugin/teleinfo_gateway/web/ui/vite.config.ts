import { defineConfig, type BuildEnvironmentOptions } from "vite";

// Two bundles: the page with the gallery, and (mode "widgets") the widgets alone in one file of a
// fixed name, for pages of other sites.
const pages: BuildEnvironmentOptions = {
  rolldownOptions: { input: ["index.html", "gallery.html"] },
};
const widgets: BuildEnvironmentOptions = {
  emptyOutDir: false,
  lib: { entry: "src/widgets.ts", formats: ["es"], fileName: () => "widgets.js" },
};

export default defineConfig(({ mode }) => ({
  base: "./",
  build: {
    outDir: "../static",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    ...(mode === "widgets" ? widgets : pages),
  },
  server: { proxy: { "/api": "http://127.0.0.1:8181" } },
}));
