"""How few labels it takes: the product's own loop over data sets, query strategies, learners, oracles and seeds."""
