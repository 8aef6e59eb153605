/** Every widget, by its import. */

import "../arc";
import "./bars";
import "./curve";
import "./gauge";
import "./indexes";
import "./overload";
import "./period";
import "./phases";
import "./status";
import "./tempo";
import "./value";
