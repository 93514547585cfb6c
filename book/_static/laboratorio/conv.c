// Uma convolução, com os canais por último: o laço de dentro da rede, em instruções que fazem
// quatro contas de cada vez (SIMD). São 4 pontos × 8 canais por volta, nas 8 variáveis de cada ponto.
//
//   clang --target=wasm32 -O3 -msimd128 -nostdlib -Wl,--no-entry,--import-memory,--strip-all \
//         -o conv.wasm conv.c
//
// A entrada já vem com a borda de zeros; `outputs` é múltiplo de 8; os pesos vêm em grupos de 8
// canais de saída: para cada grupo, uma fila de (linha, coluna, canal de entrada, 8 canais).
#include <wasm_simd128.h>

#define LOAD(address) wasm_v128_load(address)
#define TWO(name) v128_t name##a = LOAD(bias + channel), name##b = LOAD(bias + channel + 4)
#define ADD(name, source)                                                             \
  value = wasm_v128_load32_splat(source + i);                                         \
  name##a = wasm_f32x4_add(name##a, wasm_f32x4_mul(value, first));                    \
  name##b = wasm_f32x4_add(name##b, wasm_f32x4_mul(value, second))
#define PUT(name, place)                                                              \
  wasm_v128_store(place + channel, relu ? wasm_f32x4_pmax(zero, name##a) : name##a);  \
  wasm_v128_store(place + channel + 4, relu ? wasm_f32x4_pmax(zero, name##b) : name##b)

__attribute__((export_name("convolve")))
void convolve(const float *input, int width, int inputs, int side, int stride, int rows,
              int columns, int outputs, const float *kernel, const float *bias, float *output,
              int relu) {
  const int points = rows * columns, run = side * inputs, line = width * inputs;
  const v128_t zero = wasm_f32x4_splat(0);
  for (int point = 0; point < points; point += 4) {
    // no fim, quando não restam quatro, o último ponto é feito mais de uma vez
#define AT(k) (point + k < points ? point + k : points - 1)
#define FROM(k) (input + (AT(k) / columns * stride * width + AT(k) % columns * stride) * inputs)
    const float *from0 = FROM(0), *from1 = FROM(1), *from2 = FROM(2), *from3 = FROM(3);
    float *to0 = output + AT(0) * outputs, *to1 = output + AT(1) * outputs;
    float *to2 = output + AT(2) * outputs, *to3 = output + AT(3) * outputs;
    const float *weight = kernel;
    for (int channel = 0; channel < outputs; channel += 8) {
      TWO(sum0); TWO(sum1); TWO(sum2); TWO(sum3);
      for (int row = 0; row < side; row++) {
        const float *row0 = from0 + row * line, *row1 = from1 + row * line;
        const float *row2 = from2 + row * line, *row3 = from3 + row * line;
        for (int i = 0; i < run; i++, weight += 8) {
          const v128_t first = LOAD(weight), second = LOAD(weight + 4);
          v128_t value;
          ADD(sum0, row0); ADD(sum1, row1); ADD(sum2, row2); ADD(sum3, row3);
        }
      }
      PUT(sum3, to3); PUT(sum2, to2); PUT(sum1, to1); PUT(sum0, to0);
    }
  }
}
