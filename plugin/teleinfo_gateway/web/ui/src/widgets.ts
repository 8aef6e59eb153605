/** The widgets for any web page: `<script type="module" src="http://GATEWAY/widgets.js">`. */

import "./gateway/from-script";
import "./widgets/all";
