import { lead } from "../leading-page.ts";

const leads = lead(new URL("../", location.href).href).then(() => true);

Object.assign(globalThis, { leads });
