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
