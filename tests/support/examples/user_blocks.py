from keras import layers


def conv_and_pool(images, filters):
    return layers.MaxPooling2D()(layers.Conv2D(filters, 3, activation="relu")(images))
