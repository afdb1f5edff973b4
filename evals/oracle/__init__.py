"""How far oracles can be trusted: calibration, the gate, throughput."""
