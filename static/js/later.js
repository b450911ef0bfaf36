// What nobody needs before the first step: the rest of the panels, when the page can be stepped.

import { mount } from "./panel/mount.js";
import { panels } from "./panel/later.js";

const { host, done } = window.kvstepLater;
mount(panels, host);
host.act.repaint(); // they have not seen the moment that is on screen
done();
