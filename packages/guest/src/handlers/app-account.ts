/** The account that applications run as, in every image: the owner of what only they may read. */
export const APP_UID = 1000;
export const APP_GID = 1000;
