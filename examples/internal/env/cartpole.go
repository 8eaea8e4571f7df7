package env

import (
	"math"
	"math/rand/v2"
)

// CartPole is a pole on a cart that is pushed to the left (0) or to the right
// (1) so that the pole stays up. Each step of 0.02 s is worth 1, and the episode
// is over when the pole leans by more than 12 degrees or the cart is more than
// 2.4 m from the middle.
//
//	observation: place (m), speed (m/s), angle (rad, 0 is up), its speed (rad/s)
//
// With the force F, the masses M of the cart and m of the pole, half the length l
// of the pole, and u = (F + m·l·θ̇²·sin θ)/(M+m), which is what the cart's
// acceleration would be if the pole's angle did not accelerate:
//
//	θ̈ = (g·sin θ - u·cos θ) / (l·(4/3 - m·cos²θ/(M+m)))
//	ẍ = u - m·l·θ̈·cos θ/(M+m)
//
// Barto, Sutton and Anderson 1983, doi:10.1109/TSMC.1983.6313077; constants and
// Euler's steps as in Gymnasium's CartPole-v1.
type CartPole struct {
	X, V, Angle, Spin float64
}

// The constants of CartPole in kilograms, metres and seconds.
const (
	cartMass    = 1.0
	poleMass    = 0.1
	halfPole    = 0.5
	cartForce   = 10.0
	cartGravity = 9.8
	cartTime    = 0.02
	cartEdge    = 2.4
	poleLean    = 12 * math.Pi / 180
	cartStart   = 0.05 // each number of the state starts within ±cartStart
)

// Observations returns a box of 4 numbers; the angle and the place may be twice
// as large as where the episode ends.
func (c *CartPole) Observations() Space {
	inf := math.Inf(1)
	return Space{Low: []float64{-2 * cartEdge, -inf, -2 * poleLean, -inf}, High: []float64{2 * cartEdge, inf, 2 * poleLean, inf}}
}

// Actions returns left and right.
func (c *CartPole) Actions() Space { return Space{N: 2} }

// Reset draws each number of the state from ±0.05.
func (c *CartPole) Reset(rnd *rand.Rand, obs []float32) {
	for _, v := range []*float64{&c.X, &c.V, &c.Angle, &c.Spin} {
		*v = cartStart * (2*rnd.Float64() - 1)
	}
	c.observe(obs)
}

// Step pushes the cart.
func (c *CartPole) Step(action, obs []float32) (Outcome, error) {
	push, err := choice("cartpole", action, 2)
	if err != nil {
		return Outcome{}, err
	}
	const both, lever = cartMass + poleMass, poleMass * halfPole
	sin, cos := math.Sincos(c.Angle)
	u := (cartForce*float64(2*push-1) + lever*c.Spin*c.Spin*sin) / both
	turn := (cartGravity*sin - u*cos) / (halfPole * (4.0/3 - poleMass*cos*cos/both))
	pull := u - lever*turn*cos/both
	c.X += cartTime * c.V
	c.V += cartTime * pull
	c.Angle += cartTime * c.Spin
	c.Spin += cartTime * turn
	c.observe(obs)
	return Outcome{Reward: 1, Terminated: math.Abs(c.X) > cartEdge || math.Abs(c.Angle) > poleLean}, nil
}

func (c *CartPole) observe(obs []float32) {
	obs[0], obs[1], obs[2], obs[3] = float32(c.X), float32(c.V), float32(c.Angle), float32(c.Spin)
}
