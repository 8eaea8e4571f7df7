package optim

import "github.com/adjointml/adjoint/graph"

// RuleDocs says of the rules, by the names of their functions, how they change a
// parameter p with the gradient g at step t, which counts from 1: formulas to
// compute one after the other, where a name on the right is its value from before.
// What a rule remembers is 0 at first, unless it says otherwise; other names are
// settings. There is no gradient.
func RuleDocs() map[string]graph.Doc {
	return map[string]graph.Doc{
		"SGD": {
			Text:    "Goes down the slope, with a share of the direction of before: gradient descent with momentum.",
			Formula: "b = momentum*b + g; p = p - lr*b",
		},
		"ASGD": {
			Text:    "Gradient descent with a decay and a falling rate, whose average over steps is what counts.",
			Formula: "η = lr/(1 + lambda*lr*(t - 1))^alpha; p = p - η*(g + lambda*p)",
		},
		"Adam": {
			Text:    "Divides the average gradient by its usual size, so that each number moves at a rate of its own.",
			Formula: "m = beta1*m + (1 - beta1)*g; v = beta2*v + (1 - beta2)*g^2; p = p - lr*m/(1 - beta1^t)/(sqrt(v/(1 - beta2^t)) + eps)",
		},
		"AdamW": {
			Text:    "Adam with parameters drawn to 0 apart from the gradient, which regularizes them all alike.",
			Formula: "m = beta1*m + (1 - beta1)*g; v = beta2*v + (1 - beta2)*g^2; p = p*(1 - lr*decay) - lr*m/(1 - beta1^t)/(sqrt(v/(1 - beta2^t)) + eps)",
		},
		"Adamax": {
			Text:    "Adam that divides by the largest gradient of late rather than by an average.",
			Formula: "m = beta1*m + (1 - beta1)*g; u = max(beta2*u, abs(g) + eps); p = p - lr*m/(1 - beta1^t)/u",
		},
		"NAdam": {
			Text:    "Adam that looks ahead along its momentum; r, the product of all μ so far, is 1 at first.",
			Formula: "m = beta1*m + (1 - beta1)*g; v = beta2*v + (1 - beta2)*g^2; μ = beta1*(1 - 0.96^(t*decay)/2); μ_next = beta1*(1 - 0.96^((t + 1)*decay)/2); r = r*μ; p = p - lr*((1 - μ)/(1 - r)*g + μ_next/(1 - r*μ_next)*m)/(sqrt(v/(1 - beta2^t)) + eps)",
		},
		"RAdam": {
			Text:    "Adam that does not divide by the usual size of the gradient before it is known well.",
			Formula: "m = beta1*m + (1 - beta1)*g; v = beta2*v + (1 - beta2)*g^2; ρ_max = 2/(1 - beta2) - 1; ρ = ρ_max - 2*t*beta2^t/(1 - beta2^t); r = ρ > 5 ? sqrt((ρ - 4)*(ρ - 2)*ρ_max/((ρ_max - 4)*(ρ_max - 2)*ρ)*(1 - beta2^t))/(sqrt(v) + eps) : 1; p = p - lr*m/(1 - beta1^t)*r",
		},
		"RMSProp": {
			Text:    "Divides the gradient by its usual size of late.",
			Formula: "v = alpha*v + (1 - alpha)*g^2; p = p - lr*g/(sqrt(v) + eps)",
		},
		"Adagrad": {
			Text:    "Divides the gradient by its size over all steps: numbers that have moved much move less.",
			Formula: "v = v + g^2; p = p - lr*g/(sqrt(v) + eps)",
		},
		"Adadelta": {
			Text:    "Divides the gradient by its usual size and multiplies it by that of the steps, so that no rate need be chosen.",
			Formula: "v = rho*v + (1 - rho)*g^2; d = g*sqrt(u + eps)/sqrt(v + eps); u = rho*u + (1 - rho)*d^2; p = p - lr*d",
		},
		"Lion": {
			Text:    "Moves all numbers by the same amount, in the direction of the sign of the momentum.",
			Formula: "p = p*(1 - lr*decay) - lr*sign(beta1*m + (1 - beta1)*g); m = beta2*m + (1 - beta2)*g",
		},
		"Rprop": {
			Text:    "Looks at the sign of the gradient alone: each number's step, lr at first, grows while that stays and shrinks when it turns.",
			Formula: "η = clip(g*h > 0 ? grow*η : g*h < 0 ? shrink*η : η, min, max); h = g*h < 0 ? 0 : g; p = p - η*sign(h)",
		},
	}
}
