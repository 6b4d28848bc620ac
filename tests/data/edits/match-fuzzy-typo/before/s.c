void f(void)
{
    step_0(state, 0);
    step_1(state, 1);
    step_2(state, 2);
    step_3(state, 3);
    step_4(state, 4);
    step_5(state, 5);
    step_6(state, 6);
    step_7(state, 7);
    step_8(state, 8);
    step_9(state, 9);
    step_10(state, 10);
    step_11(state, 11);
}
