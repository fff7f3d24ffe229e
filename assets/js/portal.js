// Phone pages work without this: it only refreshes what waits, and copies numbers.
import { copying } from "./copying.js";
import { live } from "./live.js";

live();
copying();
