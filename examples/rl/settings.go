package main

import "fmt"

// settings are the numbers of an algorithm in a world. Those that an algorithm has
// no use for are 0.
type settings struct {
	Steps   int     // in the worlds, at most
	Worlds  int     // at once
	Rate    float64 // of learning
	Gamma   float64 // how much less a reward is worth a step later
	Examine int     // steps between examinations
	Games   int     // of a small examination; the last one has five times as many
	Solved  float64 // the mean return at which learning ends

	// of policies
	Length  int     // steps in each world before learning from them
	Lambda  float64 // see trajectory.advantage
	Entropy float64 // β: how much variety is worth
	Epochs  int     // of PPO: passes over what was done
	Clip    float64 // ε of PPO

	// of values
	Batch   int     // rows of a step of gradient descent, of PPO too
	Width   int     // of the hidden layers
	Memory  int     // steps that are remembered
	Start   int     // steps before learning
	Updates int     // steps of gradient descent for one in each world
	Explore float64 // the probability of doing anything, in the end
	Decay   float64 // the share of Steps in which it falls to that from 1
	Double  bool    // DQN: see there
	Copy    int     // DQN: updates between copies to the target network
	Tau     float64 // self-play: how fast the target network follows
}

// usual returns settings that work.
func usual(algorithm, world string) (settings, error) {
	o := settings{Worlds: 8, Rate: 1e-3, Gamma: 0.99, Width: 64}
	switch algorithm {
	case "reinforce":
		o.Steps, o.Length, o.Rate = 500_000, 500, 3e-3
	case "a2c":
		o.Steps, o.Length, o.Worlds, o.Lambda = 500_000, 8, 16, 1
	case "ppo":
		o.Steps, o.Length, o.Batch, o.Epochs = 150_000, 32, 256, 20
		o.Clip, o.Lambda, o.Gamma = 0.2, 0.8, 0.98
	case "dqn":
		o.Steps, o.Batch, o.Memory, o.Start, o.Updates = 100_000, 64, 50_000, 1000, 4
		o.Explore, o.Decay, o.Width, o.Copy, o.Rate = 0.04, 0.16, 128, 100, 5e-4
	case "selfplay":
		o.Steps, o.Worlds, o.Batch, o.Memory, o.Updates = 1_000_000, 32, 128, 20_000, 1
		o.Explore, o.Tau, o.Examine, o.Games = 0.3, 0.02, 10_000, 100
		if world != "tictactoe" {
			return o, fmt.Errorf("selfplay is for -env tictactoe, not %s", world)
		}
		return o, nil
	default:
		return o, fmt.Errorf("there is no algorithm %q: want reinforce, a2c, ppo, dqn or selfplay", algorithm)
	}
	switch world {
	case "cartpole":
		o.Examine, o.Games, o.Solved = 5_000, 20, 475
	case "gridworld":
		o.Examine, o.Games, o.Solved = 2_000, 200, 0.68
		o.Steps, o.Length = 100_000, min(o.Length, 100)
	case "pendulum":
		o.Examine, o.Games, o.Solved = 10_000, 20, -200
		return o, o.swing(algorithm)
	case "tictactoe":
		return o, fmt.Errorf("-env tictactoe is for -algo selfplay, not %s", algorithm)
	default:
		return o, fmt.Errorf("there is no world %q: want cartpole, gridworld, pendulum or tictactoe", world)
	}
	return o, nil
}

// swing sets what Pendulum wants: longer looks, for its rewards differ all along.
func (o *settings) swing(algorithm string) error {
	switch algorithm {
	case "dqn":
		return fmt.Errorf("dqn chooses one of several actions, and those of pendulum are torques: want -algo ppo")
	case "ppo":
		o.Steps, o.Length, o.Batch, o.Epochs, o.Gamma, o.Lambda = 300_000, 256, 128, 10, 0.9, 0.95
	case "reinforce":
		o.Length = 200
	}
	return nil
}
