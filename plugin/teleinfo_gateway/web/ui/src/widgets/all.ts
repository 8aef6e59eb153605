/** Every widget, by its import. */

import "../charts/arc";
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
