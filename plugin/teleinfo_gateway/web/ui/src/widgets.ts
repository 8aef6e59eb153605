/** The widgets for any web page: `<script type="module" src="http://GATEWAY/widgets.js">`. */

import "./from-script";
import "./widgets/all";
