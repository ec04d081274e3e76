import { itemsTopology } from "../items_topology.ts";

export default itemsTopology("peer_global", "globalTable");
