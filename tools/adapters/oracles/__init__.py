"""Who answers what class a text belongs to: recorded labels, a person, a zero-shot model, or a language model."""
