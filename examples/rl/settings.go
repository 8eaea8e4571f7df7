package main

import "fmt"

// settings are the numbers that an algorithm needs.
type settings struct {
	Steps   int     // in the worlds, at most
	Worlds  int     // at once
	Rate    float64 // of learning
	Gamma   float64 // a reward is worth that much less for each step it is away
	Examine int     // steps between examinations
	Solved  float64 // the mean return at which learning ends

	// of policies
	Length  int     // steps in each world before learning from them
	Lambda  float64 // see advantage
	Entropy float64 // β, how much variety is worth
	Epochs  int     // of PPO
	Clip    float64 // ε of PPO

	// of values
	Batch   int     // rows of a step of gradient descent, of PPO too
	Width   int     // of the hidden layers
	Memory  int     // steps remembered
	Start   int     // steps before learning
	Updates int     // steps of gradient descent for each of all worlds
	Explore float64 // probability of doing anything, at last
	Decay   float64 // share of Steps until then
	Double  bool    // DQN
	Every   int     // updates between copies to the target network, or
	Tau     float64 // how fast it follows
}

// usual returns settings that work, and the name of the world.
func usual(algo, world string) (settings, error) {
	o := settings{Worlds: 8, Gamma: 0.99, Lambda: 0.95, Length: 32, Rate: 1e-3, Width: 64}
	switch algo {
	case "reinforce":
		o.Length, o.Worlds, o.Steps = 500, 8, 500_000
		o.Rate = 3e-3
	case "a2c":
		o.Length, o.Lambda, o.Steps = 8, 1, 500_000
		o.Rate, o.Worlds = 1e-3, 16
	case "ppo":
		o.Lambda, o.Gamma, o.Epochs, o.Clip, o.Batch, o.Steps = 0.8, 0.98, 20, 0.2, 256, 150_000
	case "dqn":
		o.Steps, o.Batch, o.Memory, o.Start, o.Updates, o.Explore, o.Decay = 100_000, 64, 50_000, 1000, 4, 0.04, 0.16
		o.Width, o.Every, o.Rate = 128, 100, 5e-4
	case "selfplay":
		o.Steps, o.Worlds, o.Batch, o.Memory, o.Updates, o.Explore, o.Tau, o.Examine = 1_000_000, 32, 128, 20_000, 1, 0.3, 0.02, 20_000
		o.Width = 64
		return o, nil
	}
	switch world {
	case "cartpole":
		o.Solved, o.Examine = 475, 5000
	case "gridworld":
		o.Solved, o.Examine = 0.65, 2000
		o.Length = min(o.Length, 100)
		o.Steps = 100_000
	case "pendulum":
		o.Solved, o.Examine = -200, 10_000
		if algo == "dqn" {
			return o, fmt.Errorf("dqn needs a world with choices: pendulum has torques")
		}
	default:
		return o, fmt.Errorf("no world %q", world)
	}
	return o, nil
}
