"""Other ways to the same model, on the same splits with the same encoder, to compare the product with.

They run in an environment of their own, made by `install.sh`: nothing here imports the product, and the product nothing
of this.
"""
