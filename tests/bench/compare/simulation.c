/* The simulation of tests/bench/simulation.ts in C: xoshiro256**, ziggurat, two factors, exp, a contract's present value.
   Prints nanoseconds per path-step, best of the runs, and the mean present value so that nothing is optimised away. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BLOCK = 256, LAYERS = 256 };
static const double TAIL = 3.6541528853610088, AREA = 0.004928673233974658;
static double ends[LAYERS + 1], widths[LAYERS], heights[LAYERS + 1];
static uint64_t s[4] = {1, 2, 3, 4};

static inline uint64_t turned(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

static inline uint64_t draw(void) {
  const uint64_t output = turned(s[1] * 5, 7) * 9, t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = turned(s[3], 45);
  return output;
}

static double uniform(void) { return ((draw() >> 11) + 0.5) * 0x1p-53; }

static double edge(int layer, double x) {
  for (;;) {
    if (fabs(x) < ends[layer + 1]) return x;
    if (layer == 0) {
      double beyond;
      do beyond = -log(uniform()) / TAIL;
      while (-2 * log(uniform()) <= beyond * beyond);
      return x < 0 ? -TAIL - beyond : TAIL + beyond;
    }
    if (heights[layer] + uniform() * (heights[layer + 1] - heights[layer]) < exp(-0.5 * x * x)) return x;
    const int32_t word = (int32_t)draw();
    layer = word & (LAYERS - 1);
    x = ((word >> 8) + 0.5) * widths[layer];
  }
}

static void normals(double *out, int count) {
  uint64_t words[BLOCK];
  for (int i = 0; i < count / 2; i++) words[i] = draw();
  for (int i = 0; i < count; i++) {
    const int32_t word = (int32_t)(words[i / 2] >> (32 * (i & 1)));
    const int layer = word & (LAYERS - 1);
    const double x = ((word >> 8) + 0.5) * widths[layer];
    out[i] = fabs(x) < ends[layer + 1] ? x : edge(layer, x);
  }
}

static double run(int paths, int months) {
  static double z[2 * BLOCK], near[BLOCK], far[BLOCK], price[BLOCK], value[BLOCK];
  const double decay = 0.85, short_shock = 0.16, long_on_short = 0.01, long_shock = 0.04;
  double total = 0;
  for (int block = 0; block < paths; block += BLOCK) {
    for (int p = 0; p < BLOCK; p++) near[p] = far[p] = value[p] = 0;
    double short_variance = 0, both = 0, long_variance = 0;
    for (int m = 0; m < months; m++) {
      short_variance = decay * decay * short_variance + short_shock * short_shock;
      both = decay * both + short_shock * long_on_short;
      long_variance += long_on_short * long_on_short + long_shock * long_shock;
      const double half = (short_variance + 2 * both + long_variance) / 2;
      normals(z, 2 * BLOCK);
      for (int p = 0; p < BLOCK; p++) {
        near[p] = decay * near[p] + short_shock * z[p];
        far[p] += long_on_short * z[p] + long_shock * z[BLOCK + p];
      }
      for (int p = 0; p < BLOCK; p++) price[p] = 50 * exp(near[p] + far[p] - half);
      for (int p = 0; p < BLOCK; p++) value[p] += 950 * (price[p] - 45);
    }
    for (int p = 0; p < BLOCK && block + p < paths; p++) total += value[p];
  }
  return total / paths;
}

int main(int count, char **arguments) {
  const int paths = count > 1 ? atoi(arguments[1]) : 10000, months = 120;
  ends[0] = AREA / exp(-0.5 * TAIL * TAIL);
  ends[1] = TAIL;
  for (int i = 1; i < LAYERS - 1; i++) ends[i + 1] = sqrt(-2 * log(AREA / ends[i] + exp(-0.5 * ends[i] * ends[i])));
  for (int i = 0; i <= LAYERS; i++) heights[i] = exp(-0.5 * ends[i] * ends[i]);
  for (int i = 0; i < LAYERS; i++) widths[i] = ends[i] * 0x1p-23;
  double best = 1e300, mean = 0;
  for (int repeat = 0; repeat < 15; repeat++) {
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    mean = run(paths, months);
    clock_gettime(CLOCK_MONOTONIC, &to);
    const double ns = (to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec);
    if (ns < best) best = ns;
  }
  printf("%.3f %.1f\n", best / paths / months, mean);
}
