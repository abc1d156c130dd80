import { createHash } from 'node:crypto'

const text = `:root {
  color-scheme: light dark;
  --page: #f4f5f8;
  --card: #ffffff;
  --line: #d9dce4;
  --field: #868c9c;
  --ink: #1a1d26;
  --soft: #565c6b;
  --accent: #3a4bc9;
  --accent-strong: #2d3ba6;
  --on-accent: #ffffff;
  --well: #f4f5f8;
  --alert: #a3182b;
  --alert-well: #fdf0f1;
  --care: #7a4a00;
  --care-well: #fdf5e3;
  --good: #1c6b43;
  --shadow: 0 1px 2px rgb(20 24 40 / 6%), 0 12px 32px rgb(20 24 40 / 8%);
}

@supports (color: light-dark(#000, #fff)) {
  :root {
    --page: light-dark(#f4f5f8, #101218);
    --card: light-dark(#ffffff, #191c24);
    --line: light-dark(#d9dce4, #313644);
    --field: light-dark(#868c9c, #767d90);
    --ink: light-dark(#1a1d26, #eceef4);
    --soft: light-dark(#565c6b, #a9b0c0);
    --accent: light-dark(#3a4bc9, #a5b1ff);
    --accent-strong: light-dark(#2d3ba6, #c3cbff);
    --on-accent: light-dark(#ffffff, #12152a);
    --well: light-dark(#f4f5f8, #222630);
    --alert: light-dark(#a3182b, #ffb0b6);
    --alert-well: light-dark(#fdf0f1, #36191e);
    --care: light-dark(#7a4a00, #f3cd86);
    --care-well: light-dark(#fdf5e3, #322814);
    --good: light-dark(#1c6b43, #8fd9ae);
    --shadow: 0 1px 2px light-dark(rgb(20 24 40 / 6%), rgb(0 0 0 / 40%)),
      0 12px 32px light-dark(rgb(20 24 40 / 8%), rgb(0 0 0 / 30%));
  }
}

*,
*::before,
*::after {
  box-sizing: border-box;
}

[hidden] {
  display: none !important;
}

html {
  -webkit-text-size-adjust: 100%;
  text-size-adjust: 100%;
}

body {
  margin: 0;
  min-height: 100vh;
  min-height: 100dvh;
  display: flex;
  flex-direction: column;
  align-items: center;
  justify-content: center;
  gap: 1.25rem;
  padding: clamp(0.75rem, 4vw, 2.5rem);
  background: var(--page);
  color: var(--ink);
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "PingFang SC", "Microsoft YaHei",
    "Noto Sans CJK SC", "Noto Sans SC", sans-serif;
  font-size: 1rem;
  line-height: 1.5;
}

main {
  width: 100%;
  max-width: 25rem;
  padding: clamp(1.25rem, 6vw, 2.25rem);
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 1rem;
  box-shadow: var(--shadow);
  overflow-wrap: anywhere;
}

main.wide {
  max-width: 29rem;
}

header {
  display: flex;
  align-items: center;
  gap: 0.625rem;
  max-width: 100%;
  color: var(--soft);
  font-weight: 600;
  overflow-wrap: anywhere;
}

header img {
  display: block;
  max-height: 2.5rem;
  max-width: 10rem;
}

.monogram {
  flex: none;
  display: grid;
  place-items: center;
  width: 2rem;
  height: 2rem;
  border-radius: 0.625rem;
  background: var(--accent);
  color: var(--on-accent);
}

footer {
  max-width: 25rem;
  color: var(--soft);
  font-size: 0.8125rem;
  text-align: center;
  overflow-wrap: anywhere;
}

footer p {
  margin: 0;
}

h1 {
  margin: 0;
  font-size: 1.5rem;
  line-height: 1.25;
  letter-spacing: -0.01em;
  text-wrap: balance;
}

h2 {
  margin: 1.75rem 0 0;
  font-size: 1rem;
}

p {
  margin: 0.5rem 0 0;
}

main > p {
  color: var(--soft);
}

h2 + dl {
  margin-top: 0.75rem;
}

dl + p {
  margin-top: 1rem;
}

strong {
  color: var(--ink);
  font-weight: 600;
}

a,
.link {
  color: var(--accent);
  text-underline-offset: 0.2em;
  text-decoration-thickness: 1px;
}

a:hover,
.link:hover {
  color: var(--accent-strong);
  text-decoration-thickness: 2px;
}

form {
  margin: 1.5rem 0 0;
}

.field {
  margin: 1.125rem 0 0;
}

.field:first-of-type {
  margin-top: 0;
}

label {
  font-weight: 600;
  font-size: 0.9375rem;
}

.hint {
  margin: 0.25rem 0 0;
  color: var(--soft);
  font-size: 0.875rem;
}

.problem {
  margin: 0.25rem 0 0;
  color: var(--alert);
  font-size: 0.875rem;
  font-weight: 600;
}

input[type="text"],
input[type="email"],
input[type="tel"],
input[type="password"] {
  display: block;
  width: 100%;
  min-height: 2.875rem;
  margin: 0.375rem 0 0;
  padding: 0.5rem 0.75rem;
  border: 1px solid var(--field);
  border-radius: 0.625rem;
  background: var(--card);
  color: inherit;
  font: inherit;
}

input[aria-invalid="true"] {
  border-color: var(--alert);
  box-shadow: 0 0 0 1px var(--alert);
}

input.code {
  font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace;
  font-size: 1.25rem;
  letter-spacing: 0.15em;
}

.options {
  display: flex;
  flex-wrap: wrap;
  justify-content: space-between;
  gap: 0.5rem 1rem;
  margin: 1.125rem 0 0;
  font-size: 0.9375rem;
}

.check {
  display: flex;
  align-items: flex-start;
  gap: 0.625rem;
}

.check input {
  flex: none;
  width: 1.125rem;
  height: 1.125rem;
  margin: 0.1875rem 0 0;
  accent-color: var(--accent);
}

.check label {
  font-weight: 400;
  font-size: inherit;
}

button {
  display: block;
  width: 100%;
  min-height: 2.875rem;
  margin: 0;
  padding: 0.5rem 0.75rem;
  border: 1px solid transparent;
  border-radius: 0.625rem;
  background: var(--accent);
  color: var(--on-accent);
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}

button:hover {
  background: var(--accent-strong);
}

button.quiet {
  border-color: var(--field);
  background: transparent;
  color: var(--ink);
}

button.quiet:hover {
  background: var(--well);
}

button.link {
  display: inline;
  width: auto;
  min-height: 1.75rem;
  padding: 0;
  border: 0;
  border-radius: 0.25rem;
  background: none;
  font-weight: 400;
  text-decoration: underline;
}

.actions {
  display: grid;
  gap: 0.75rem;
  margin: 1.5rem 0 0;
}

@media (min-width: 26rem) {
  .actions.pair {
    grid-template-columns: 1fr 1fr;
  }
}

.aside {
  margin: 1.5rem 0 0;
  padding: 1.125rem 0 0;
  border-top: 1px solid var(--line);
  color: var(--soft);
  font-size: 0.9375rem;
}

.aside p,
.aside form {
  margin: 0;
}

.aside > * + * {
  margin-top: 0.5rem;
}

.note {
  margin: 1.25rem 0 0;
  padding: 0.75rem 1rem;
  border: 1px solid transparent;
  border-left: 0.25rem solid var(--field);
  border-radius: 0.5rem;
  background: var(--well);
  color: var(--ink);
  font-size: 0.9375rem;
}

.note p {
  margin: 0;
}

.note.alert {
  border-left-color: var(--alert);
  background: var(--alert-well);
  color: var(--alert);
  font-weight: 600;
}

.note.care {
  border-left-color: var(--care);
  background: var(--care-well);
  color: var(--care);
}

dl {
  margin: 1.5rem 0 0;
  padding: 0 1rem;
  border: 1px solid var(--line);
  border-radius: 0.75rem;
}

dl > div {
  padding: 0.75rem 0;
}

dl > div + div {
  border-top: 1px solid var(--line);
}

dt {
  color: var(--soft);
  font-size: 0.8125rem;
}

dd {
  margin: 0.125rem 0 0;
}

dd p {
  margin: 0;
}

.small {
  color: var(--soft);
  font-size: 0.875rem;
}

code,
.mono {
  font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace;
  font-size: 0.9em;
  overflow-wrap: anywhere;
}

ul {
  margin: 0.25rem 0 0;
  padding: 0 0 0 1.125rem;
}

li + li {
  margin-top: 0.25rem;
}

.big-code {
  margin: 1.25rem 0 0;
  padding: 0.75rem;
  border-radius: 0.75rem;
  background: var(--well);
  color: var(--ink);
  font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace;
  font-size: 1.5rem;
  font-weight: 600;
  letter-spacing: 0.1em;
  text-align: center;
}

:focus-visible {
  outline: 2px solid var(--accent);
  outline-offset: 2px;
}

input:not([type="checkbox"]):focus-visible {
  border-color: var(--accent);
  outline-width: 3px;
  outline-offset: -1px;
}

@media (prefers-reduced-motion: no-preference) {
  button {
    transition: background-color 120ms ease-out;
  }
}
`

const hashCharacters = 16
const hash = createHash('sha256').update(text).digest('base64url').slice(0, hashCharacters)

/** The one style sheet. Its name changes with its content, so it may be kept for ever. */
export const stylesheet = { text, path: `/assets/style.${hash}.css` } as const
