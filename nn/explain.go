package nn

import "github.com/adjointml/adjoint/graph"

// LossDocs says of losses, by the names of their functions, what they compute: in
// formulas p is the prediction, or its logits or logarithm where the text says so,
// and y the label; other names are those of the function's own arguments, and n
// is the number of elements, or of examples. They are averages, as usual; the
// gradient is that of the loss itself.
func LossDocs() map[string]graph.Doc {
	return map[string]graph.Doc{
		"MSE": {
			Text:     "The mean of the squared errors, for predicting numbers: large errors count most.",
			Formula:  "loss = mean((p - y)^2)",
			Gradient: "p̄ = 2*(p - y)/count(p)",
		},
		"MAE": {
			Text:     "The mean of the distances, for predicting numbers among outliers: all errors pull alike.",
			Formula:  "loss = mean(abs(p - y))",
			Gradient: "p̄ = sign(p - y)/count(p)",
		},
		"Huber": {
			Text:     "Squared errors near 0 and distances beyond delta, so that outliers do not rule.",
			Formula:  "loss = mean(where(abs(p - y) <= delta, (p - y)^2/2, delta*(abs(p - y) - delta/2)))",
			Gradient: "p̄ = clip(p - y, -delta, delta)/count(p)",
		},
		"SmoothL1": {
			Text:     "The Huber loss divided by beta, as detectors use it for the edges of boxes.",
			Formula:  "loss = mean(where(abs(p - y) < beta, (p - y)^2/(2*beta), abs(p - y) - beta/2))",
			Gradient: "p̄ = clip((p - y)/beta, -1, 1)/count(p)",
		},
		"LogCosh": {
			Text:     "Like squared errors near 0 and like distances far from it, smooth everywhere.",
			Formula:  "loss = mean(logcosh(p - y))",
			Gradient: "p̄ = tanh(p - y)/count(p)",
		},
		"Quantile": {
			Text:     "Least where the share q of the labels lies below the prediction, for intervals rather than points.",
			Formula:  "loss = mean(max(q*(y - p), (q - 1)*(y - p)))",
			Gradient: "p̄ = where(y > p, -q, where(y < p, 1 - q, 1/2 - q))/count(p)",
		},
		"PoissonNLL": {
			Text:     "How unlikely counts are, from the logarithm of the rate that is predicted.",
			Formula:  "loss = mean(exp(p) - y*p)",
			Gradient: "p̄ = (exp(p) - y)/count(p)",
		},
		"BinaryCrossEntropy": {
			Text:     "How surprising yes or no is, from a logit: the loss of a classifier with two classes.",
			Formula:  "loss = mean(y*softplus(-p) + (1 - y)*softplus(p))",
			Gradient: "p̄ = (sigmoid(p) - y)/count(p)",
		},
		"BinaryCrossEntropyOf": {
			Text:     "How surprising yes or no is, from a probability; logits are better near 0 and 1.",
			Formula:  "loss = mean(-y*log(p) - (1 - y)*log(1 - p))",
			Gradient: "p̄ = ((1 - y)/(1 - p) - y/p)/count(p)",
		},
		"BinaryFocal": {
			Text:     "A binary cross-entropy, from logits, that cares less for what is easy: for rare classes.",
			Formula:  "loss = mean((y*sigmoid(-p) + (1 - y)*sigmoid(p))^gamma*(y*softplus(-p) + (1 - y)*softplus(p)))",
			Gradient: "m = y*sigmoid(-p) + (1 - y)*sigmoid(p); p̄ = (m^gamma*(sigmoid(p) - y) + gamma*m^(gamma - 1)*(1 - 2*y)*sigmoid(p)*sigmoid(-p)*(y*softplus(-p) + (1 - y)*softplus(p)))/count(p)",
		},
		"CrossEntropy": {
			Text:     "How surprising the right class is, from the logits of all: the loss of classifiers and language models.",
			Formula:  "loss = mean_i(log(sum_j(exp(p[i, j]))) - p[i, y[i]])",
			Gradient: "p̄[i, j] = (exp(p[i, j])/sum_k(exp(p[i, k])) - where(j == y[i], 1, 0))/n",
		},
		"NLL": {
			Text:     "How surprising the right class is, from the logarithms of the probabilities of all.",
			Formula:  "loss = mean_i(-p[i, y[i]])",
			Gradient: "p̄[i, j] = where(j == y[i], -1/n, 0)",
		},
		"KL": {
			Text:     "How much one probability distribution is off another, from the logarithm of what is predicted.",
			Formula:  "loss = sum(xlogy(y, y) - y*p)/count_0(p)",
			Gradient: "p̄ = -y/count_0(p)",
		},
		"KLLog": {
			Text:     "How much one probability distribution is off another, both given by logarithms, as by a teacher.",
			Formula:  "loss = sum(exp(y)*(y - p))/count_0(p)",
			Gradient: "p̄ = -exp(y)/count_0(p)",
		},
		"Hinge": {
			Text:     "What is missing to a prediction of 1 on the label's side, -1 or 1: support vector machines.",
			Formula:  "loss = mean(max(0, 1 - y*p))",
			Gradient: "p̄ = where(y*p < 1, -y, 0)/count(p)",
		},
		"SquaredHinge": {
			Text:     "The square of what is missing to a prediction of 1 on the label's side, -1 or 1.",
			Formula:  "loss = mean(max(0, 1 - y*p)^2)",
			Gradient: "p̄ = -2*y*max(0, 1 - y*p)/count(p)",
		},
		"SoftMargin": {
			Text:     "A smooth hinge, with labels of -1 and 1: logistic regression.",
			Formula:  "loss = mean(softplus(-y*p))",
			Gradient: "p̄ = -y*sigmoid(-y*p)/count(p)",
		},
		"HingeEmbedding": {
			Text:     "Draws pairs together where the label is 1, and apart up to a margin where it is -1; p is their distance.",
			Formula:  "loss = mean(where(y == 1, p, max(0, margin - p)))",
			Gradient: "p̄ = where(y == 1, 1, where(p < margin, -1, 0))/count(p)",
		},
		"Dice": {
			Text:     "One minus twice the overlap over the sum of both, for each image: masks of small things.",
			Formula:  "loss = 1 - (2*sum(p*y) + 1)/(sum(p) + sum(y) + 1)",
			Gradient: "p̄ = (2*sum(p*y) + 1)/(sum(p) + sum(y) + 1)^2 - 2*y/(sum(p) + sum(y) + 1)",
		},
		"L1": {
			Text:     "A price on the size of parameters that makes many of them exactly 0.",
			Formula:  "loss = weight*sum(abs(p))",
			Gradient: "p̄ = weight*sign(p)",
		},
		"L2": {
			Text:     "A price on the squares of parameters that keeps all of them small.",
			Formula:  "loss = weight*sum(p^2)",
			Gradient: "p̄ = 2*weight*p",
		},
	}
}

// LayerDocs says of layers, by the names of their types, what they compute and what
// they are for. Capital names are parameters and settings; formulas that follow
// each other are computed one after the other, where a name on the right is its
// value from the step before. There are no gradients: those are of the ops inside.
func LayerDocs() map[string]graph.Doc {
	docs := map[string]graph.Doc{
		"Sequential":         {Text: "Applies layers one after the other.", Formula: "y = f_n(f_2(f_1(x)))"},
		"Func":               {Text: "A function as a layer without parameters.", Formula: "y = f(x)"},
		"Identity":           {Text: "Does nothing, where a layer must be.", Formula: "y = x"},
		"Flatten":            {Text: "Puts all axes but the first into one, between images and dense layers.", Formula: "y[n, ...] = reshape(x[n, ...])"},
		"Reshape":            {Text: "Gives the elements of each example other axes.", Formula: "y[n, ...] = reshape(x[n, ...])"},
		"Dense":              {Text: "A layer of neurons: each adds up all inputs, weighted, and an activation bends the sum.", Formula: "y = act(x @ W + B)"},
		"Embedding":          {Text: "A vector for each word, looked up in a table that is learned.", Formula: "y[..., j] = W[x[...], j]"},
		"Positions":          {Text: "Adds a vector that is learned for each place, so that attention knows the order.", Formula: "y[b, t, j] = x[b, t, j] + W[t, j]"},
		"Dropout":            {Text: "Sets a random share of the elements to 0 while training, so that none is relied on.", Formula: "y = training ? x*where(uniform() < Rate, 0, 1)/(1 - Rate) : x"},
		"DropPath":           {Text: "Leaves out a whole branch for a random share of the examples while training.", Formula: "y[n, ...] = training ? x[n, ...]*where(uniform() < Rate, 0, 1)/(1 - Rate) : x[n, ...]"},
		"Residual":           {Text: "Adds what layers compute to their input, so that gradients have a straight way back.", Formula: "y = x + f(x)"},
		"Parallel":           {Text: "Adds up what several layers make of one input.", Formula: "y = f(x) + g(x)"},
		"Concat":             {Text: "Puts what several layers make of one input side by side.", Formula: "y = concat(f(x), g(x))"},
		"BatchNorm":          {Text: "Gives each channel mean 0 and variance 1 over the batch, then a gain and a bias: deep networks train faster.", Formula: "y = (x - mean(x))/sqrt(variance(x) + Epsilon)*Gain + Bias"},
		"LayerNorm":          {Text: "Gives each row mean 0 and variance 1, then a gain and a bias for each element, whatever the batch is.", Formula: "y[i, j] = (x[i, j] - mean_k(x[i, k]))/sqrt(variance_k(x[i, k]) + Epsilon)*Gain[j] + Bias[j]"},
		"RMSNorm":            {Text: "Divides each row by its root mean square: a layer norm that does not center.", Formula: "y[i, j] = x[i, j]/sqrt(mean_k(x[i, k]^2) + Epsilon)*Gain[j]"},
		"GroupNorm":          {Text: "Gives each group of channels of each image mean 0 and variance 1, then a gain and a bias for each channel.", Formula: "y = (x - mean(x))/sqrt(variance(x) + Epsilon)*Gain + Bias"},
		"InstanceNorm":       {Text: "Gives each channel of each image mean 0 and variance 1: what is left is form, not contrast.", Formula: "y = (x - mean(x))/sqrt(variance(x) + Epsilon)*Gain + Bias"},
		"LocalResponseNorm":  {Text: "Divides each element by the strength of the channels next to it.", Formula: "y = x/(K + Alpha/Size*sum(x^2))^Beta"},
		"SimpleRNN":          {Text: "Goes through a sequence and mixes each step with the state of the one before.", Formula: "h = act(x @ W + h @ U + B)"},
		"LSTM":               {Text: "A recurrent layer whose gates say what its cell keeps, takes in and shows: it remembers for long.", Formula: "i = sigmoid(x @ W_i + h @ U_i + B_i); f = sigmoid(x @ W_f + h @ U_f + B_f); g = tanh(x @ W_g + h @ U_g + B_g); o = sigmoid(x @ W_o + h @ U_o + B_o); c = f*c + i*g; h = o*tanh(c)"},
		"GRU":                {Text: "A recurrent layer with two gates: how much of the state to look at, and how much of it to keep.", Formula: "r = sigmoid(x @ W_r + h @ U_r + B_r); z = sigmoid(x @ W_z + h @ U_z + B_z); n = tanh(x @ W_n + B_n + r*(h @ U_n + N)); h = (1 - z)*n + z*h"},
		"MultiHeadAttention": {Text: "Each place asks all places, and takes the mean of their values weighted by how well their keys fit.", Formula: "y = concat(softmax(q @ k^T/sqrt(d)) @ v) @ W"},
		"TransformerBlock":   {Text: "Attention between places, then a small network at each: the brick of language models.", Formula: "x = x + attention(norm(x)); y = x + f(norm(x))"},
		"MaxPool":            {Text: "The largest element of each window of an image.", Formula: "y[n, c, i, j] = max_st(x[n, c, i*Stride + s, j*Stride + t])"},
		"AvgPool":            {Text: "The mean of each window of an image.", Formula: "y[n, c, i, j] = mean_st(x[n, c, i*Stride + s, j*Stride + t])"},
		"LpPool":             {Text: "The norm of each window of an image, between the mean and the maximum.", Formula: "y[n, c, i, j] = sum_st(abs(x[n, c, i*Stride + s, j*Stride + t])^P)^(1/P)"},
		"GlobalPool":         {Text: "One number for each channel of an image, whatever its size.", Formula: "y[n, c] = mean_ij(x[n, c, i, j])"},
		"AdaptivePool":       {Text: "Pools images of any size to a given one.", Formula: "y = pool(x)"},
		"Upsample":           {Text: "Makes images larger, by repeating pixels or by blending them.", Formula: "y = resize(x)"},
		"WeightNorm":         {Text: "Learns the length of a weight's columns apart from their direction.", Formula: "W = Gain*V/norm(V); y = f(x)"},
		"SpectralNorm":       {Text: "Divides a weight by its largest stretching, so that the layer stretches no vector.", Formula: "W = V/(v^T @ V @ u); y = f(x)"},
	}
	conv := graph.Doc{Text: "Slides a window of weights over an image: a feature is found wherever it is.", Formula: "y[n, o, i, j] = act(sum_cst(x[n, c, i*Stride + s, j*Stride + t]*W[o, c, s, t]) + B[o])"}
	back := graph.Doc{Text: "Spreads each element over a window, times the weights: it makes images larger.", Formula: "y[n, o, p, q] = act(sum_cijst(where(p == i*Stride + s && q == j*Stride + t, x[n, c, i, j]*W[c, o, s, t], 0)) + B[o])"}
	for _, axes := range []string{"", "1D", "2D", "3D"} {
		docs["Conv"+axes], docs["ConvTranspose"+axes] = conv, back
	}
	return docs
}
