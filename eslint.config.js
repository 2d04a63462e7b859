// Type-aware rules only: formatting and syntax rules are biome's.
import tseslint from "typescript-eslint";

const schedulerApis = [
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "MessageChannel",
  "scheduler",
  "requestIdleCallback",
];

export default tseslint.config(
  { ignores: ["dist", ".cache", "node_modules", "**/*.js", "**/*.mjs", "**/*.d.ts"] },
  {
    files: [
      "src/**/*.ts",
      "src/**/*.tsx",
      "sw/**/*.ts",
      "tests/**/*.ts",
      "tests/**/*.tsx",
      "scripts/**/*.ts",
      "vite/**/*.ts",
    ],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { "@typescript-eslint": tseslint.plugin },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/only-throw-error": "error",
      "no-template-curly-in-string": "error",
    },
  },
  {
    // Cooperation is systematic: timers and macrotasks live in src/platform, everything else is handed a Slice or a Clock.
    files: ["src/{core,protocol,store,sync,serve,worker,client}/**/*.ts", "sw/**/*.ts"],
    // Stores that live on Node's files.
    ignores: ["src/store/files.ts", "src/store/files-*.ts"],
    rules: { "no-restricted-globals": ["error", ...schedulerApis] },
  },
);
