"""Training: an experiment config and a data set in, a model, its fit log and a tracked run out.

Importing this package imports nothing heavy; its modules import Keras.
"""
