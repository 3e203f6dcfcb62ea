/** What stands for the prefix in packages, as long as conda's own builds make it. */
export const placeholder = '/opt/build/_env'.padEnd(255, '_placehold');
