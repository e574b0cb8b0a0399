from __future__ import annotations

from edgel3_deploy.emulate.stm32.gpio import AFRH, BSRR, IDR, MODER, ODR, PUPDR, Gpio, Pin


def test_pins_carry_their_alternate_function_only_in_that_mode() -> None:
    gpio = Gpio("GPIOA", lambda _line: None, moder=0xA800_0000)
    assert gpio.alternate_function(9) is None
    gpio.write(AFRH, 7 << 4)
    assert gpio.alternate_function(9) is None
    gpio.write(MODER, 2 << 18)
    assert gpio.alternate_function(9) == 7
    gpio.reset()
    assert gpio.registers[MODER] == 0xA800_0000


def test_outputs_and_pull_ups_read_back() -> None:
    gpio = Gpio("GPIOB", lambda _line: None, moder=0)
    gpio.write(MODER, 1 << 0 | 1 << 2)
    gpio.write(BSRR, 3)
    gpio.write(BSRR, 1 << 16 | 1 << 5)
    gpio.write(PUPDR, 1 << 14)
    assert gpio.read(ODR) == 1 << 1 | 1 << 5
    assert gpio.read(IDR) == 1 << 1 | 1 << 7


def test_only_outputs_drive_their_pins() -> None:
    gpio = Gpio("GPIOB", lambda _line: None, 0)
    gpio.write(ODR, 1 << 3 | 1 << 4)
    gpio.write(MODER, 1 << 6)
    assert gpio.pin(3) == Pin(high=True, changes=1)
    assert gpio.pin(4) == Pin(high=False, changes=0)
    gpio.write(BSRR, 1 << 19)
    gpio.write(BSRR, 1 << 19)
    assert gpio.pin(3) == Pin(high=False, changes=2)
