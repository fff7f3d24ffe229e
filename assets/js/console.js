// The console's script. Pages come whole from the server and work without it; this makes them quick.
import { chartsWhenSeen } from "./seen.js";
import { copying } from "./copying.js";
import { dialogs } from "./dialogs.js";
import { keys } from "./keys.js";
import { live } from "./live.js";
import { palette } from "./palette.js";
import { sheets } from "./sheets.js";
import { toasts } from "./toasts.js";

const chartsAddress = document.currentScript.dataset.charts;

live();
copying();
dialogs();
palette();
keys();
sheets();
toasts();
chartsWhenSeen(chartsAddress);
