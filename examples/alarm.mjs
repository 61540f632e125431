// Functions of alarm.yaml.

/** How often it has sounded is a variable of the siren's flow context. */
export const sound = ({ sounds = 0 }, { set }) => set('sounds', sounds + 1);

export const silence = ({ sounds }) => ({ sounds });

export const closed = ({ RESULT }) => ({ answer: RESULT.data });

export const escalate = () => ({ answer: null });
