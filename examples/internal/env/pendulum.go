package env

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Pendulum is a rod of 1 m and 1 kg that hangs on a motor too weak to lift it
// at once: it must be swung up and then held. Episodes do not end by
// themselves.
//
//	observation: cos θ, sin θ, θ̇; the action is a torque from -2 to 2 N·m
//	θ̈ = 3g/(2l)·sin θ + 3/(m·l²)·u, θ = 0 being up, |θ̇| at most 8 rad/s
//	reward: -(θ² + 0.1·θ̇² + 0.001·u²), θ between -π and π
//
// A step takes 0.05 s and g is 10 m/s², as in Gymnasium's Pendulum-v1. Torques
// outside of the box count as its bounds.
type Pendulum struct {
	Angle, Spin float64
}

const (
	rodGravity = 10.0
	rodTime    = 0.05
	rodSpin    = 8.0
	rodTorque  = 2.0
)

// Observations returns a box of 3 numbers.
func (p *Pendulum) Observations() Space {
	return Space{Low: []float64{-1, -1, -rodSpin}, High: []float64{1, 1, rodSpin}}
}

// Actions returns the torques.
func (p *Pendulum) Actions() Space {
	return Space{Low: []float64{-rodTorque}, High: []float64{rodTorque}}
}

// Reset draws any angle, and a speed within ±1 rad/s.
func (p *Pendulum) Reset(rnd *rand.Rand, obs []float32) {
	p.Angle, p.Spin = math.Pi*(2*rnd.Float64()-1), 2*rnd.Float64()-1
	p.observe(obs)
}

// Step turns the motor. The reward is that of the state before.
func (p *Pendulum) Step(action, obs []float32) (Outcome, error) {
	if len(action) != 1 || math.IsNaN(float64(action[0])) {
		return Outcome{}, fmt.Errorf("pendulum: there is no action %v: want one torque", action)
	}
	u := min(max(float64(action[0]), -rodTorque), rodTorque)
	off := math.Remainder(p.Angle, 2*math.Pi)
	reward := -(off*off + 0.1*p.Spin*p.Spin + 0.001*u*u)
	p.Spin += (1.5*rodGravity*math.Sin(p.Angle) + 3*u) * rodTime
	p.Spin = min(max(p.Spin, -rodSpin), rodSpin)
	p.Angle += p.Spin * rodTime
	p.observe(obs)
	return Outcome{Reward: reward}, nil
}

func (p *Pendulum) observe(obs []float32) {
	sin, cos := math.Sincos(p.Angle)
	obs[0], obs[1], obs[2] = float32(cos), float32(sin), float32(p.Spin)
}
