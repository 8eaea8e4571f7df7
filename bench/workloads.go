package main

import "github.com/adjointml/adjoint/bench/measure"

// workloads are the standard tasks: W are training steps of whole networks, M
// single kernels, and L what a library of hand-written kernels does not have,
// or has only for large arrays.
var workloads = []measure.Workload{
	{Name: "W1", Doc: "784-10-8-1 network on 1000 random rows, Adam, 10 epochs of 31 batches of 32", Cases: seedNetwork},
	{Name: "W2", Doc: "784-512-512-10 network, cross-entropy, Adam, batch 128", Cases: digitsNetwork},
	{Name: "W3", Doc: "LeNet-like network on 28x28 images, SGD with momentum, batch 64", Cases: lenet},
	{Name: "W4", Doc: "embedding, LSTM of 256 over 64 characters, Adam, batch 32", Cases: characterLSTM},
	{Name: "W5", Doc: "transformer of 4 blocks, 4 heads, width 128 on 64 characters, AdamW, batch 16", Cases: tinyGPT},
	{Name: "W6", Doc: "ResNet-20 on 32x32 images, SGD with momentum, batch 32", Cases: resnet20},
	{Name: "M1", Doc: "matrix products, m x k x n", Cases: matmul},
	{Name: "M2", Doc: "gelu(1.5x + 0.25) of 10 million numbers", Cases: gelu},
	{Name: "M3", Doc: "softmax of 4096 rows of 1024, from primitives", Cases: softmaxRows},
	{Name: "M4", Doc: "convolution of 3x3, 64 to 64 channels, 8 images of 56x56", Cases: convolve3},
	{Name: "M5", Doc: "chain of 10,000 operations on single numbers", Cases: chain},
	{Name: "L1", Doc: "a user's focal loss with smoothed labels beside cross-entropy, with gradient", Cases: lossRows},
	{Name: "L2", Doc: "layer norm from primitives with all its gradients, 8192 rows of 768", Cases: layerNormRows},
	{Name: "L3", Doc: "cross-entropy with gradient of [128 10]", Cases: smallLoss},
	{Name: "L4", Doc: "training step of one transformer block of width 128 on 64 tokens", Cases: smallBlock},
}
