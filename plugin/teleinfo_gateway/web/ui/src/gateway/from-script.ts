/** Imported first by the widgets: their gateway is the one their script came from. */

import { comeFrom } from "./home";

comeFrom(new URL("./", import.meta.url));
