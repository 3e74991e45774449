"""Networks that judge pictures as people do: Inception, AlexNet, VGG, an ImageNet classifier."""
